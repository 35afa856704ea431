package reports

// WriteHTMLFile writes the page.
func (g *Gate) WriteHTMLFile(path string) error { return nil }

package browsertest

import ("testing";"os")

func TestShots(t *testing.T) {
	for _, w := range []int64{1200, 375} {
		b := newTab(t, w, 900)
		b.open("file://" + os.Getenv("PAGE"))
		name := os.Getenv("NAME"); if w < 600 { name += "-phone" }
		if os.Getenv("OPEN") != "" { eval[bool](b, "document.querySelectorAll('details.run')[0].open = true") 
		 eval[bool](b, "new Promise(r => setTimeout(() => r(true), 500))") }
		if os.Getenv("DARK") != "" { eval[bool](b, "document.getElementById('theme').click() || true"); name += "-dark" }
		b.shot(name)
		for _, x := range b.trouble { t.Error(x) }
	}
}
type document struct{}
func (document) file(*testing.T) string { return "" }

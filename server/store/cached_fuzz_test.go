package store

import "testing"

// FuzzParseSize checks that no text gives a size that cannot be.
func FuzzParseSize(f *testing.F) {
	for _, text := range []string{
		"256MiB", "0", "", "B", "1B", "9223372036854775807", "9007199254740992KiB", "-1", "1e9", "１",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if size, err := ParseSize(text); size < 0 || err != nil && size != 0 {
			t.Errorf("%q: %d, %v", text, size, err)
		}
	})
}

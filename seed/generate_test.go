package seed

import "testing"

func BenchmarkGenerate(b *testing.B) {
	g := NewGenerator(1)
	var buf []byte
	total := 0
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		buf = g.AppendListing(buf[:0], int64(i))
		total += len(buf)
	}
	b.ReportMetric(float64(total)/float64(b.N), "B/record")
}

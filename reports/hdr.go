package reports

import (
	"io"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// writeHDR writes the percentile distribution of response in ms, in the text form that HdrHistogram's plotters read.
func (r *Report) writeHDR(w io.Writer) error {
	packed, err := decode(r.Response.HDR)
	if err != nil {
		return err
	}
	dense := hdrhistogram.New(packed.LowestTrackableValue(), packed.HighestTrackableValue(), int(packed.SignificantFigures()))
	packed.MergeInto(dense)
	const ticksPerHalfDistance = 5 // the customary density
	_, err = dense.PercentilesPrint(w, ticksPerHalfDistance, float64(time.Millisecond))
	return err
}

package reports

import (
	"math"
	"slices"
)

// walshAverages returns the means of all pairs of d, each value with itself too, in ascending order.
func walshAverages(d []float64) []float64 {
	walsh := make([]float64, 0, len(d)*(len(d)+1)/2)
	for i, a := range d {
		for _, b := range d[i:] {
			walsh = append(walsh, a/2+b/2)
		}
	}
	slices.Sort(walsh)
	return walsh
}

// hodgesLehmann returns the median of the Walsh averages, which estimates the centre of what d was drawn from (Hodges
// and Lehmann 1963); NaN without any d.
func hodgesLehmann(d []float64) float64 { return medianOf(walshAverages(d)) }

// medianOf returns the median of sorted values; NaN of none.
func medianOf(sorted []float64) float64 {
	n := len(sorted)
	if n == 0 {
		return math.NaN()
	}
	return sorted[(n-1)/2]/2 + sorted[n/2]/2
}

// rankInterval returns the two-sided interval of at least the confidence given for the centre of d, from the exact
// distribution of the signed-rank statistic (Tukey; Hollander and Wolfe, Nonparametric Statistical Methods, 3.3): the
// Walsh averages number c+1 from either end, where c is the most whose probability is at most half of what confidence
// leaves. It supposes that d is symmetric about its centre, which the coin for the order within a pair sees to. Too few
// d have no such interval, which is then everything.
func rankInterval(d []float64, confidence float64) (lo, hi float64) {
	c := signedRankCut(len(d), (1-confidence)/2)
	if c < 0 {
		return math.Inf(-1), math.Inf(1)
	}
	walsh := walshAverages(d)
	return walsh[c], walsh[len(walsh)-1-c]
}

// signedRankCut returns the largest w with P(W ≤ w) ≤ tail, where W is the sum of those ranks of 1 to n whose fair coin
// shows heads: the signed-rank statistic without ties; −1 if there is none.
func signedRankCut(n int, tail float64) int {
	ways := make([]float64, n*(n+1)/2+1) // subsets of the ranks by their sum; exact, as 2^n < 2^53
	ways[0] = 1
	for rank := 1; rank <= n; rank++ {
		for sum := len(ways) - 1; sum >= rank; sum-- {
			ways[sum] += ways[sum-rank]
		}
	}
	all, below := math.Exp2(float64(n)), 0.0
	for w, count := range ways {
		if below += count; below > tail*all*(1+1e-12) {
			return w - 1
		}
	}
	return len(ways) - 1
}

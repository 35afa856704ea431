package reports

import (
	"math"
	"slices"
)

// maxPairs bounds a gate: the sign-flip test keeps 2·2^(n/2) sums, 16 MiB at 40 pairs.
const maxPairs = 40

// signFlip returns the p-value of the one-sided sign-flip test (R. A. Fisher, The Design of Experiments, 1935, §21) that
// e is not centred above 0: the share of the 2^n ways to give the |e| signs whose sum is at least that of e itself. It
// is exact, without any assumption on what the |e| are, if each sign was a fair coin's. n is at most maxPairs; without
// any e it is 1.
//
// It meets in the middle (Horowitz and Sahni 1974): the sums of either half, sorted, and for each of one half how many
// of the other make enough. Sums that differ by less than rounding count as equal, which can only raise p. A 0 halves
// nothing: with either sign the sum is the same.
func signFlip(e []float64) float64 {
	e = slices.DeleteFunc(slices.Clone(e), func(v float64) bool { return v == 0 })
	left, right := e[:len(e)/2], e[len(e)/2:]
	enough := signedSum(left) + signedSum(right) - tolerance(e)
	others := signedSums(right)
	atLeast, from := 0, len(others)
	for _, sum := range signedSums(left) {
		for from > 0 && sum+others[from-1] >= enough {
			from--
		}
		atLeast += len(others) - from
	}
	return float64(atLeast) / math.Exp2(float64(len(e)))
}

// tolerance is more than what rounding can make of a sum of e, in whatever order.
func tolerance(e []float64) float64 {
	sum := 0.0
	for _, v := range e {
		sum += math.Abs(v)
	}
	return sum * 1e-12
}

func signedSum(e []float64) (sum float64) {
	for _, v := range e {
		sum += v
	}
	return sum
}

// signedSums returns the 2^n sums of ±e in ascending order: with each value more, those with it and those without it
// are two sorted lists to merge.
func signedSums(e []float64) []float64 {
	sums := []float64{0}
	for _, v := range e {
		v = math.Abs(v)
		merged := make([]float64, 0, 2*len(sums))
		low, high := 0, 0 // what comes next of sums − v and of sums + v
		for low < len(sums) {
			if sums[low]-v <= sums[high]+v {
				merged = append(merged, sums[low]-v)
				low++
			} else {
				merged = append(merged, sums[high]+v)
				high++
			}
		}
		for ; high < len(sums); high++ {
			merged = append(merged, sums[high]+v)
		}
		sums = merged
	}
	return sums
}

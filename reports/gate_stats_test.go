package reports

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// bruteFlip is signFlip by its definition: every sign pattern, one by one. Its sums are added as signFlip adds them, so
// that they are the same numbers.
func bruteFlip(e []float64) float64 {
	n, atLeast := len(e), 0
	sumOf := func(pattern int) float64 {
		parts := [2]float64{}
		for i, v := range e {
			v = math.Abs(v)
			if pattern>>i&1 == 1 {
				v = -v
			}
			half := 0
			if i >= n/2 {
				half = 1
			}
			parts[half] += v
		}
		return parts[0] + parts[1]
	}
	seen := 0
	for i, v := range e {
		if v < 0 {
			seen |= 1 << i
		}
	}
	enough := sumOf(seen) - tolerance(e)
	for pattern := range 1 << n {
		if sumOf(pattern) >= enough {
			atLeast++
		}
	}
	return float64(atLeast) / math.Exp2(float64(n))
}

// sizes draws n absolute differences of one of several kinds: ties, zeros and wild outliers among them.
func sizes(r *rand.Rand, n, kind int) []float64 {
	e := make([]float64, n)
	for i := range e {
		switch kind % 4 {
		case 0:
			e[i] = math.Abs(r.NormFloat64())
		case 1:
			e[i] = float64(r.IntN(4)) // ties, and zeros
		case 2:
			e[i] = math.Exp(3 * r.NormFloat64())
		default:
			e[i] = float64(r.IntN(5)) / 10 // ties that rounding takes apart
		}
	}
	return e
}

func TestSignFlipMeetsBruteForce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for n := range 13 {
		for kind := range 8 {
			e := sizes(r, n, kind)
			for i := range e {
				if r.IntN(2) == 0 {
					e[i] = -e[i]
				}
			}
			if got, want := signFlip(e), bruteFlip(e); got != want {
				t.Errorf("p of %v is %v, by brute force %v", e, got, want)
			}
		}
	}
}

// TestSignFlipTheorem is the gate's promise: whatever the sizes of the differences are, if their signs are fair coins
// then p ≤ α in at most the share α of all cases. All sign patterns are gone through, so that the share is exact.
func TestSignFlipTheorem(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	alphas := []float64{0.0001, 0.0005, 0.002, 0.003, 0.005, 0.01, 0.05, 0.2, 0.5, 1}
	for n := 1; n <= 14; n++ {
		for kind := range 4 {
			e := sizes(r, n, kind)
			within := make([]int, len(alphas))
			for pattern := range 1 << n {
				signed := make([]float64, n)
				for i := range e {
					signed[i] = e[i]
					if pattern>>i&1 == 1 {
						signed[i] = -e[i]
					}
				}
				p := signFlip(signed)
				for a, alpha := range alphas {
					if p <= alpha {
						within[a]++
					}
				}
			}
			for a, alpha := range alphas {
				if share := float64(within[a]) / math.Exp2(float64(n)); share > alpha {
					t.Errorf("|e| = %v: p ≤ %v in %v of all sign patterns", e, alpha, share)
				}
			}
		}
	}
}

// The smallest p that n pairs can reach is 2^−n, which decides when a look can speak.
func TestSignFlipSmallestP(t *testing.T) {
	for _, n := range []int{10, 12, 18, 24, 33} {
		e := make([]float64, n)
		for i := range e {
			e[i] = 0.1 + float64(i)/7
		}
		if got, want := signFlip(e), math.Exp2(-float64(n)); got != want {
			t.Errorf("%d differences above 0: p is %v, want %v", n, got, want)
		}
	}
}

// depression is Hollander and Wolfe's example 3.1 (Nonparametric Statistical Methods, 1999): the Hamilton scale factor
// IV of nine patients after a therapy less before it, as in the examples of R's wilcox.test and asbio's HL.mean.
var depression = []float64{-0.952, 0.147, -1.022, -0.430, -0.620, -0.590, -0.490, 0.080, -0.010}

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if !(math.Abs(got-want) <= within) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// The estimate and the 96 % interval that Hollander and Wolfe work out (examples 3.3 and 3.4).
func TestHodgesLehmannWorkedExample(t *testing.T) {
	near(t, "the estimate", hodgesLehmann(depression), -0.46, 1e-9)
	lo, hi := rankInterval(depression, 0.96)
	near(t, "the lower end", lo, -0.786, 1e-9)
	near(t, "the upper end", hi, -0.010, 1e-9)
}

// Cut-offs of the exact one-sided signed-rank test, as in every table of it (Hollander and Wolfe, A.4).
func TestSignedRankCutOffs(t *testing.T) {
	for _, c := range []struct {
		n    int
		tail float64
		want int
	}{
		{7, 0.01, 0}, {8, 0.01, 1}, {10, 0.01, 5}, {12, 0.01, 9}, {16, 0.01, 23}, {20, 0.01, 43}, {24, 0.01, 69},
		{5, 0.05, 0}, {10, 0.05, 10}, {10, 0.025, 8}, {6, 0.01, -1}, {8, 0.005, 0}, {7, 0.005, -1},
	} {
		if got := signedRankCut(c.n, c.tail); got != c.want {
			t.Errorf("n = %d, tail %v: reject up to %d, want %d", c.n, c.tail, got, c.want)
		}
	}
	if lo, hi := rankInterval(depression[:7], 0.99); !math.IsInf(lo, -1) || !math.IsInf(hi, 1) {
		t.Errorf("seven differences have no interval of 99 %%: got %v to %v", lo, hi)
	}
}

func TestHolm(t *testing.T) {
	for _, c := range []struct {
		name  string
		p     []float64
		alpha float64
		want  []bool
	}{
		// The example of the Wikipedia article on the method.
		{"two of four", []float64{0.01, 0.04, 0.03, 0.005}, 0.05, []bool{true, false, false, true}},
		{"all", []float64{0.01, 0.012, 0.02, 0.04}, 0.05, []bool{true, true, true, true}},
		{"none after one that is not", []float64{0.02, 0.021, 0.022}, 0.05, []bool{false, false, false}},
		{"none", nil, 0.05, nil},
	} {
		_, got := holm(c.p, c.alpha)
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: rejected %v, want %v", c.name, got, c.want)
		}
	}
}

func TestClopperPearson(t *testing.T) {
	// One-sided 95 % bounds are two-sided 90 % ones. For k = 0 they are 1 − 0.05^(1/n).
	for _, c := range []struct {
		k, n   int64
		lo, hi float64
	}{
		{0, 59, 0, 0.0495}, {0, 100, 0, 0.0295}, {0, 300, 0, 0.00994}, {1, 300, 0.00017, 0.0157}, {3, 300, 0.0027, 0.0256},
		{3, 500, 0.0016, 0.0154}, {59, 59, 0.9505, 1},
	} {
		lo, hi := clopperPearson(c.k, c.n, 0.90)
		near(t, fmt.Sprintf("the lower bound of %d in %d", c.k, c.n), lo, c.lo, 1e-4)
		near(t, fmt.Sprintf("the upper bound of %d in %d", c.k, c.n), hi, c.hi, 1e-4)
	}
	// The example of R's binom.test, Mendel's peas (Conover 1971): 682 of 925, 95 %.
	lo, hi := clopperPearson(682, 925, 0.95)
	near(t, "the lower end of Mendel's peas", lo, 0.7076683, 1e-7)
	near(t, "the upper end of Mendel's peas", hi, 0.7654066, 1e-7)
}

func TestFisher(t *testing.T) {
	// The examples of R's fisher.test: the lady tasting tea (Agresti 1990, p. 61), and Fisher's convicts (1962).
	near(t, "p of the tea", fisherMore(1, 4, 3, 4), 0.2429, 5e-5)
	near(t, "p of the convicts", fisherMore(2, 17, 10, 13), 0.0004652, 5e-8)
	near(t, "p of no failures", fisherMore(0, 1000, 0, 1000), 1, 1e-12)
	near(t, "p of ten in a million more", fisherMore(0, 1e6, 10, 1e6), math.Exp2(-10), 1e-6)
}

func TestNormalQuantile(t *testing.T) {
	near(t, "z of 99 %", normalQuantile(0.99), 2.326348, 1e-6)
	near(t, "z of 90 %", normalQuantile(0.90), 1.281552, 1e-6)
}

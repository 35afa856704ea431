package reports

import "math"

// holm returns what each p-value is compared with by Holm's step-down procedure (Holm 1979), which keeps the chance of
// rejecting any true hypothesis at alpha, and whether it is rejected: the smallest of k is compared with alpha/k, the
// next with alpha/(k−1), and so on until one is not rejected.
func holm(p []float64, alpha float64) (compared []float64, rejected []bool) {
	compared, rejected = make([]float64, len(p)), make([]bool, len(p))
	done := make([]bool, len(p))
	for k, going := len(p), true; k > 0; k-- {
		next := -1
		for i := range p {
			if !done[i] && (next < 0 || p[i] < p[next]) {
				next = i
			}
		}
		done[next], compared[next] = true, alpha/float64(k)
		going = going && p[next] <= compared[next]
		rejected[next] = going
	}
	return compared, rejected
}

// clopperPearson returns the two-sided exact interval of at least the confidence given for the probability of what was
// seen k times in n (Clopper and Pearson 1934).
func clopperPearson(k, n int64, confidence float64) (lo, hi float64) {
	tail := (1 - confidence) / 2
	lo, hi = 0, 1
	if k > 0 {
		lo = bisect(func(p float64) bool { return 1-binomialCDF(k-1, n, p) >= tail })
	}
	if k < n {
		hi = bisect(func(p float64) bool { return binomialCDF(k, n, p) <= tail })
	}
	return lo, hi
}

// bisect returns the least p from 0 to 1 from which on holds is true.
func bisect(holds func(p float64) bool) float64 {
	lo, hi := 0.0, 1.0
	for range 60 {
		if mid := lo/2 + hi/2; holds(mid) {
			hi = mid
		} else {
			lo = mid
		}
	}
	return hi
}

// binomialCDF returns P(X ≤ k) of n trials of probability p: the regularised incomplete beta function I(1−p; n−k, k+1).
func binomialCDF(k, n int64, p float64) float64 {
	switch {
	case k < 0:
		return 0
	case k >= n:
		return 1
	}
	return betaShare(1-p, float64(n-k), float64(k+1))
}

// betaShare returns the regularised incomplete beta function I(x; a, b) by its continued fraction, evaluated as Lentz
// does (DLMF 8.17.22; Press et al., Numerical Recipes, 6.4).
func betaShare(x, a, b float64) float64 {
	if x <= 0 || x >= 1 {
		return min(max(x, 0), 1)
	}
	if x > (a+1)/(a+b+2) {
		return 1 - betaShare(1-x, b, a)
	}
	front := math.Exp(logGamma(a+b) - logGamma(a) - logGamma(b) + a*math.Log(x) + b*math.Log1p(-x))
	return front * betaFraction(x, a, b) / a
}

func betaFraction(x, a, b float64) float64 {
	const tiny = 1e-300
	away := func(v float64) float64 { // from 0, by which is divided
		if math.Abs(v) < tiny {
			return tiny
		}
		return v
	}
	c, d := 1.0, 1/away(1-(a+b)*x/(a+1))
	fraction := d
	for m := 1.0; m < 10_000; m++ {
		even := m * (b - m) * x / ((a + 2*m - 1) * (a + 2*m))
		d, c = 1/away(1+even*d), away(1+even/c)
		fraction *= d * c
		odd := -(a + m) * (a + b + m) * x / ((a + 2*m) * (a + 2*m + 1))
		d, c = 1/away(1+odd*d), away(1+odd/c)
		fraction *= d * c
		if math.Abs(d*c-1) < 1e-15 {
			break
		}
	}
	return fraction
}

// fisherMore returns the p-value of Fisher's exact test that the second of two samples, k of n each, has no larger share:
// the hypergeometric probability of k2 or more of the second, given how many there are in all.
func fisherMore(k1, n1, k2, n2 int64) float64 {
	all, p := k1+k2, 0.0
	for k := k2; k <= min(all, n2); k++ {
		if all-k <= n1 {
			p += math.Exp(logChoose(n2, k) + logChoose(n1, all-k) - logChoose(n1+n2, all))
		}
	}
	return min(p, 1)
}

func logChoose(n, k int64) float64 {
	return logGamma(float64(n+1)) - logGamma(float64(k+1)) - logGamma(float64(n-k+1))
}

func logGamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// normalQuantile returns the z below which the share q of the standard normal distribution lies.
func normalQuantile(q float64) float64 { return math.Sqrt2 * math.Erfinv(2*q-1) }

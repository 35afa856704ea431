package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// skippedLine is what the service counts reads with that went past a Redis it had given up.
const skippedLine = `imgsvc_cache_skipped_total{tier="redis"} `

// cacheWarning asks the service whether it had to do without its Redis. A service never fails because of one, so
// without this a table could show what the store did alone. It is empty if all is well, if there is no Redis, and if
// the service does not tell.
func cacheWarning(ctx context.Context, url string) string {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second) // a bench that is stopped warns as well
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/metrics", nil)
	if err != nil {
		return ""
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	if n := skippedReads(resp.Body); n > 0 {
		return fmt.Sprintf("the cache in Redis did not answer for a time: %d reads went past it, to the store", n)
	}
	return ""
}

// skippedReads finds the count among a service's metrics; 0 if it is not there.
func skippedReads(metrics io.Reader) int64 {
	lines := bufio.NewScanner(metrics)
	for lines.Scan() {
		if value, ok := strings.CutPrefix(lines.Text(), skippedLine); ok {
			n, _ := strconv.ParseFloat(value, 64) // Prometheus writes large counts as 1e+06
			return int64(n)
		}
	}
	return 0
}

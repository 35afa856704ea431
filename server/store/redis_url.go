package store

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// RedisURLForms says how a cache in Redis is named: a single server, a Sentinel's master or a cluster.
const RedisURLForms = "redis://[USER:PASSWORD@]HOST:PORT[/DB]; with ?master_name=NAME the hosts are Sentinels, " +
	"with ?addr=HOST:PORT they are nodes of a cluster; rediss:// for TLS"

// redisOptions are the parsed forms of a URL, one of which is set.
type redisOptions struct {
	single   *redis.Options
	sentinel *redis.FailoverOptions
	cluster  *redis.ClusterOptions
}

// parseRedisURL reads a URL. Its errors hold nothing of the URL, which may hold a password.
func parseRedisURL(text string) (o redisOptions, err error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Scheme != "redis" && u.Scheme != "rediss" {
		return o, errors.New("cache redis://…: not a URL of a Redis\nwant " + RedisURLForms)
	}
	query := u.Query()
	switch {
	case query.Has("master_name"):
		o.sentinel, err = redis.ParseFailoverURL(text)
	case query.Has("addr"):
		o.cluster, err = redis.ParseClusterURL(text)
	default:
		o.single, err = redis.ParseURL(text)
	}
	if err != nil {
		return o, fmt.Errorf("cache %s://…: %s\nwant %s", u.Scheme, withoutSecrets(u, err), RedisURLForms)
	}
	return o, nil
}

// withoutSecrets returns the error's text, or nothing of it if it tells a secret of the URL or of its query.
func withoutSecrets(u *url.URL, err error) string {
	secrets := []string{}
	if password, ok := u.User.Password(); ok {
		secrets = append(secrets, password)
	}
	for name, values := range u.Query() {
		if strings.Contains(name, "password") {
			secrets = append(secrets, values...)
		}
	}
	for _, secret := range secrets {
		if secret != "" && strings.Contains(err.Error(), secret) {
			return "wrong parameters"
		}
	}
	return err.Error()
}

// newRedisClient returns a client for a URL. Each step of a call, dialling too, has the time limit, and nothing is tried
// twice: the listing can be had from the next finder. It turns off go-redis' own log, for the whole process: that has a
// line for each failed dial, and what matters reaches RedisOptions.State.
func newRedisClient(text string, limit time.Duration) (redis.UniversalClient, error) {
	o, err := parseRedisURL(text)
	logging.Disable()
	switch {
	case err != nil:
		return nil, err
	case o.sentinel != nil:
		s := o.sentinel
		s.DialTimeout, s.ReadTimeout, s.WriteTimeout, s.PoolTimeout = limit, limit, limit, limit
		s.MaxRetries, s.DialerRetries, s.ContextTimeoutEnabled = -1, 1, true
		return redis.NewFailoverClient(s), nil
	case o.cluster != nil:
		c := o.cluster
		c.DialTimeout, c.ReadTimeout, c.WriteTimeout, c.PoolTimeout = limit, limit, limit, limit
		c.MaxRetries, c.DialerRetries, c.ContextTimeoutEnabled = -1, 1, true
		return redis.NewClusterClient(c), nil
	}
	s := o.single
	s.DialTimeout, s.ReadTimeout, s.WriteTimeout, s.PoolTimeout = limit, limit, limit, limit
	s.MaxRetries, s.DialerRetries, s.ContextTimeoutEnabled = -1, 1, true
	s.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return redis.NewClient(s), nil
}

// Redacted returns a cache URL without the user and password in it, for logs and documents.
func Redacted(cache string) string {
	scheme, rest, isURL := strings.Cut(cache, "://")
	if !isURL {
		return cache
	}
	rest, _, _ = strings.Cut(rest, "?") // which may hold a Sentinel's password
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	return scheme + "://" + rest
}

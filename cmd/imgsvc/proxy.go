package main

import (
	"errors"
	"net/url"

	"golang.org/x/net/http/httpproxy"

	"github.com/starkillersystems/imgsvc/attack"
)

// useProxies sets the proxies that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name, and returns a warning for each that the
// script will go through. Loopback addresses are reached directly, and so is a socket.
func useProxies(o *attack.Options) ([]error, error) {
	if o.UnixSocket != "" {
		return nil, nil
	}
	o.Proxy = environmentProxy(httpproxy.FromEnvironment())
	return attack.Proxied(o.Script, o.Proxy)
}

// unreadable stands for a proxy whose URL is none. httpproxy would go on without it.
const unreadable = "http://unreadable.invalid"

func environmentProxy(config *httpproxy.Config) attack.Proxy {
	for _, value := range []*string{&config.HTTPProxy, &config.HTTPSProxy} {
		if _, err := url.Parse(*value); err == nil {
			continue
		}
		if _, err := url.Parse("http://" + *value); err != nil {
			*value = unreadable
		}
	}
	proxy := config.ProxyFunc()
	return func(u *url.URL) (*url.URL, error) {
		found, err := proxy(u)
		if found != nil && found.String() == unreadable { // the value may hold a password, so that it is not shown
			return nil, errors.New("HTTP_PROXY or HTTPS_PROXY is not a URL: write http://USER:PASSWORD@HOST:PORT, " +
				"special characters in user and password as %XX")
		}
		return found, err
	}
}

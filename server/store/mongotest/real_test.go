package mongotest

import (
	"strings"
	"testing"
)

// TestWithDatabase: a user still logs in where the given URI said.
func TestWithDatabase(t *testing.T) {
	for _, test := range []struct{ name, uri, want string }{
		{"bare", "mongodb://host", "mongodb://host/DB"},
		{"another database", "mongodb://host:1/mine?w=1", "mongodb://host:1/DB?w=1"},
		{"several hosts", "mongodb://a:1,b/?replicaSet=rs", "mongodb://a:1,b/DB?replicaSet=rs"},
		{"user of admin", "mongodb://u:p%2F@host/", "mongodb://u:p%2F@host/DB?authSource=admin"},
		{"user of a database", "mongodb://u:p@host/mine", "mongodb://u:p@host/DB?authSource=mine"},
		{"user of a named one", "mongodb://u:p@host/x?authSource=y", "mongodb://u:p@host/DB?authSource=y"},
		{"certificate", "mongodb://u@host/?authMechanism=MONGODB-X509", "mongodb://u@host/DB?authMechanism=MONGODB-X509"},
	} {
		own, name, err := withDatabase(test.uri)
		if err != nil || own != strings.Replace(test.want, "DB", name, 1) {
			t.Errorf("%s: %s, %v, want %s", test.name, own, err, test.want)
		}
	}
	if _, _, err := withDatabase("u:secret@host"); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("no URI: %v, want an error without its password", err)
	}
}

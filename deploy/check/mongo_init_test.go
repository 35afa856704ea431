package check

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/dop251/goja"
)

// mongosh stands in for what the script uses of mongosh, on a server in a given state. It knows what the real one's
// documentation says, and has never been compared with it.
const mongosh = `
var db = {
  getSiblingDB: (name) => ({
    auth: (user, password) => {
      if (server.users[name + "." + user] !== password) throw new Error("Authentication failed.");
      return {ok: 1};
    },
    createUser: (user) => {
      if (!server.primary()) throw new Error("not primary");
      if (server.users[name + "." + user.user]) throw new Error("User already exists");
      server.users[name + "." + user.user] = user.pwd;
    },
    getUser: (user) => server.users[name + "." + user] ? {user} : null,
  }),
  hello: () => ({isWritablePrimary: server.primary()}),
};
var rs = {
  initiate: (config) => {
    if (server.members.length > 0) throw Object.assign(new Error("already initialized"), {codeName: "AlreadyInitialized"});
    server.members = config.members.map((m) => m.host);
  },
};
server.slept = 0;
server.primary = () => server.members.length > 0 && server.slept > 2;
var sleep = () => { server.slept++; };
var print = () => {};
var require = () => ({readFileSync: (path) => "what is in " + path + "\n"});
`

// TestMongoInit runs the script that makes the replica set on servers that are new, that have seen it killed half-way, and
// that have seen it end. They are the same afterwards.
func TestMongoInit(t *testing.T) {
	script, err := os.ReadFile(filepath.Join(root, "deploy", "mongo-init.js"))
	if err != nil {
		t.Fatal(err)
	}
	const members = `["mongo-1:27017", "mongo-2:27017", "mongo-3:27017"]`
	const admin = `"admin.admin": "what is in /run/secrets/mongo_admin_password"`
	const user = `"imgsvc.imgsvc": "what is in /run/secrets/mongo_imgsvc_password"`
	const want = `["mongo-1:27017","mongo-2:27017","mongo-3:27017"] {` +
		`"admin.admin":"what is in /run/secrets/mongo_admin_password","imgsvc.imgsvc":"what is in /run/secrets/mongo_imgsvc_password"}`
	for name, server := range map[string]string{
		"new":           `{members: [], users: {}}`,
		"without users": `{members: ` + members + `, users: {}}`,
		"without ours":  `{members: ` + members + `, users: {` + admin + `}}`,
		"ready":         `{members: ` + members + `, users: {` + admin + `, ` + user + `}}`,
	} {
		t.Run(name, func(t *testing.T) {
			engine := goja.New()
			if _, err := engine.RunString("var server = " + server + ";" + mongosh); err != nil {
				t.Fatal(err)
			}
			if _, err := engine.RunString(string(script)); err != nil {
				t.Fatal(err)
			}
			got, err := engine.RunString(`JSON.stringify(server.members) + " " + JSON.stringify(server.users)`)
			if err != nil || got.String() != want {
				t.Errorf("%v, %v\nwant %s", got, err, want)
			}
		})
	}
}

// Makes one replica set of mongo-1, mongo-2 and mongo-3, its administrator, and the user of imgsvc. mongosh runs it beside
// mongo-1 (same network namespace), since a server without users lets only its own host make the first one. Run again, it
// does what is still missing.
const { readFileSync } = require("fs");
const secret = (name) => readFileSync("/run/secrets/" + name, "utf8").trim();
const admin = db.getSiblingDB("admin");
const app = db.getSiblingDB("imgsvc");

// login reports whether the administrator is there already.
function login() {
  try {
    return admin.auth("admin", secret("mongo_admin_password")).ok === 1;
  } catch (error) {
    return false;
  }
}

function waitForPrimary() {
  for (let second = 0; second < 60; second++) {
    if (db.hello().isWritablePrimary) {
      return;
    }
    sleep(1000);
  }
  throw new Error("mongo-1 has not become the primary within a minute");
}

if (!login()) {
  try {
    // mongo-1 is preferred as the primary: the users are made through it.
    rs.initiate({
      _id: "rs0",
      members: [1, 2, 3].map((n) => ({ _id: n - 1, host: "mongo-" + n + ":27017", priority: n === 1 ? 2 : 1 })),
    });
  } catch (error) {
    if (error.codeName !== "AlreadyInitialized") {
      throw error;
    }
  }
  waitForPrimary();
  admin.createUser({ user: "admin", pwd: secret("mongo_admin_password"), roles: ["root"] });
  login();
}
waitForPrimary();
if (app.getUser("imgsvc") === null) {
  app.createUser({ user: "imgsvc", pwd: secret("mongo_imgsvc_password"), roles: ["readWrite"] });
}
print("rs0 is ready");

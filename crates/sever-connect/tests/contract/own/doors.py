"""A small system with doors, asked as `exec` and `http` ask: accounts with a password and keys, in a JSON file.

    doors.py FILE                one question on standard input (exec)
    doors.py FILE serve PORT     questions by HTTP (http)
    doors.py FILE enter ACCOUNT password|KEY SECRET     a real client: ends with 0 where it is let in
"""

import hmac
import json
import os
import sys


def read(path):
    with open(path) as file:
        return json.load(file)


def write(path, state):
    with open(path + ".new", "w") as file:
        json.dump(state, file)
    os.replace(path + ".new", path)


def enters(state, account, way, secret):
    it = state.get(account)
    if it is None or not it["enabled"]:
        return False
    kept = it["password"] if way == "password" else it["keys"].get(way)
    return kept is not None and hmac.compare_digest(kept, secret)


def owner(state, door):
    if door["kind"] == "login":
        return door["native"], "password"
    for name, it in state.items():
        if door["native"] in it["keys"] or door["native"] in it["gone"]:
            return name, door["native"]
    return None, None


def answer(path, question):
    state = read(path)
    verb = question["verb"]
    if verb == "doors":
        it = state.get(question["login"])
        if it is None:
            return {"doors": [], "complete": True}
        keys = sorted(it["keys"].keys() | set(it["gone"]))
        doors = [{"kind": "login", "native": question["login"], "title": "sign in"}]
        doors += [{"kind": "api-key", "native": key, "title": "key " + key} for key in keys]
        return {"doors": doors, "complete": True}
    door = question["door"]
    name, way = owner(state, door)
    if name is None:
        return {"error": "refused", "what": "no such door"}
    it = state[name]
    if verb == "close":
        if way == "password":
            already = not it["enabled"] and it["password"] == question.get("secret")
            it["enabled"], it["password"] = False, question.get("secret") or it["password"]
        else:
            already = it["keys"].pop(way, None) is None
            it["gone"] = sorted({*it["gone"], way})
        write(path, state)
        return {"said": "already" if already else "done", "answer": "closed"}
    if verb == "try":
        twin = enters(state, "twin", "password", "twin-secret")
        controls = [{"kind": "positive", "what": "the twin signs in", "answer": str(twin), "held": twin}]
        secret = question.get("secret")
        if secret is None and way != "password":
            # What opens by a key that is listed nowhere any more is not tried, but seen.
            state, said = ("open", "listed") if way in it["keys"] else ("closed", "not listed any more")
            return {"state": state, "strength": "observed", "evidence": said, "controls": controls}
        if secret is None:
            return {"state": "unknown", "why": "nothing-to-try", "strength": "observed", "evidence": "no secret"}
        opened = enters(state, name, way, secret)
        return {
            "state": "open" if opened else "closed",
            "strength": "tried",
            "evidence": "let in with " + secret if opened else "refused",
            "controls": controls,
        }
    return {"error": "refused", "what": "no such verb"}


def serve(path, port):
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            question = json.loads(self.rfile.read(int(self.headers["content-length"])))
            allowed = self.headers.get("authorization") == "Bearer service-secret"
            body = json.dumps(answer(path, question) if allowed else {}).encode()
            self.send_response(200 if allowed else 401)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    HTTPServer(("127.0.0.1", port), Handler).serve_forever()


if __name__ == "__main__":
    file, words = sys.argv[1], sys.argv[2:]
    if words[:1] == ["serve"]:
        serve(file, int(words[1]))
    elif words[:1] == ["enter"]:
        sys.exit(0 if enters(read(file), *words[1:4]) else 1)
    else:
        print(json.dumps(answer(file, json.load(sys.stdin))))

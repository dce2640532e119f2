"""The schemas of the protocol, held against what a broker really says.

PROTOCOL.md lets answers and events grow, so the schemas are open: a client
built on them does not break on a member that it does not know.  Our own tests
read them closed: a member that no schema names is a member that nobody
documented.  Knows the words of JSON Schema 2020-12 that proto/schemas uses,
and refuses to go on at any other.
"""

import functools
import json
import os
import re

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..",
                      "proto", "schemas")
TYPES = {"object": dict, "array": list, "string": str, "boolean": bool,
         "null": type(None), "integer": int}
IGNORED = {"$schema", "$id", "$comment", "title", "description", "format",
           "$defs"}


class Undocumented(AssertionError):
    pass


@functools.lru_cache(None)
def load(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
        return json.load(f)


@functools.lru_cache(None)
def _pattern(text):
    return re.compile(text)


def _resolve(ref, home):
    name, _, path = ref.partition("#")
    home = name or home
    schema = load(home)
    for part in path.strip("/").split("/") if path else ():
        schema = schema[part]
    return schema, home


def _is(value, kind):
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, TYPES[kind])


class _Look:
    """One look at a value: what is wrong, and which members were named.

    `named` has, for the place of each object, the members that some schema
    there names; None: any member is allowed.
    """

    def __init__(self):
        self.faults = []
        self.named = {}
        self.free = set()  # places of which nothing is said, on purpose

    def fault(self, at, what):
        self.faults.append("%s: %s" % (at or "/", what))

    def name(self, at, members):
        if members is None or self.named.get(at, ()) is None:
            self.named[at] = None
        else:
            self.named.setdefault(at, set()).update(members)

    def tried(self, schema, value, at, home):
        other = _Look()
        other.visit(schema, value, at, home)
        return other

    def take(self, other):
        self.faults += other.faults
        self.free |= other.free
        for at, members in other.named.items():
            self.name(at, members)

    def visit(self, schema, value, at, home):
        if schema is True:
            return
        for word in schema:
            if word not in IGNORED:
                getattr(self, "w_" + word.lstrip("$"))(schema, value, at,
                                                       home)

    # -- combining

    def w_ref(self, schema, value, at, home):
        target, there = _resolve(schema["$ref"], home)
        self.visit(target, value, at, there)

    def w_allOf(self, schema, value, at, home):
        for part in schema["allOf"]:
            self.visit(part, value, at, home)

    def w_anyOf(self, schema, value, at, home, most=None):
        looks = [self.tried(part, value, at, home)
                 for part in schema.get("anyOf") or schema["oneOf"]]
        good = [look for look in looks if not look.faults]
        if most is not None and len(good) > most:
            self.fault(at, "fits %d of oneOf" % len(good))
        for look in good or [min(looks, key=lambda x: len(x.faults))]:
            self.take(look)

    def w_oneOf(self, schema, value, at, home):
        self.w_anyOf(schema, value, at, home, 1)

    def w_not(self, schema, value, at, home):
        if not self.tried(schema["not"], value, at, home).faults:
            self.fault(at, "is what it must not be")

    def w_if(self, schema, value, at, home):
        look = self.tried(schema["if"], value, at, home)
        branch = schema.get("else" if look.faults else "then")
        if branch is not None:
            self.visit(branch, value, at, home)

    def w_then(self, *unused):
        pass

    w_else = w_then

    # -- any value

    def w_type(self, schema, value, at, home):
        kinds = schema["type"]
        kinds = [kinds] if isinstance(kinds, str) else kinds
        if not any(_is(value, kind) for kind in kinds):
            self.fault(at, "is no %s: %r" % (" or ".join(kinds), value))

    def w_const(self, schema, value, at, home):
        if value != schema["const"]:
            self.fault(at, "is not %r" % schema["const"])

    def w_enum(self, schema, value, at, home):
        if value not in schema["enum"]:
            self.fault(at, "%r is not in the list" % (value,))

    # -- texts and numbers

    def w_pattern(self, schema, value, at, home):
        if isinstance(value, str) and not _pattern(schema["pattern"]).search(
                value):
            self.fault(at, "%r does not match" % value)

    def bound(self, kind, measure, word, sign, schema, value, at):
        if isinstance(value, kind) and not isinstance(value, bool) and \
                sign * measure(value) < sign * schema[word]:
            self.fault(at, "breaks %s %d" % (word, schema[word]))

    def w_minLength(self, schema, value, at, home):
        self.bound(str, len, "minLength", 1, schema, value, at)

    def w_maxLength(self, schema, value, at, home):
        self.bound(str, len, "maxLength", -1, schema, value, at)

    def w_minimum(self, schema, value, at, home):
        self.bound(int, int, "minimum", 1, schema, value, at)

    def w_maximum(self, schema, value, at, home):
        self.bound(int, int, "maximum", -1, schema, value, at)

    # -- arrays

    def w_items(self, schema, value, at, home):
        if isinstance(value, list):
            done = len(schema.get("prefixItems", ()))
            for i, item in enumerate(value[done:], done):
                self.visit(schema["items"], item, "%s/%d" % (at, i), home)

    def w_prefixItems(self, schema, value, at, home):
        if isinstance(value, list):
            for i, part in enumerate(schema["prefixItems"][:len(value)]):
                self.visit(part, value[i], "%s/%d" % (at, i), home)

    def w_minItems(self, schema, value, at, home):
        self.bound(list, len, "minItems", 1, schema, value, at)

    def w_maxItems(self, schema, value, at, home):
        self.bound(list, len, "maxItems", -1, schema, value, at)

    def w_uniqueItems(self, schema, value, at, home):
        if isinstance(value, list) and any(
                item in value[:i] for i, item in enumerate(value)):
            self.fault(at, "has the same item twice")

    # -- objects

    def w_properties(self, schema, value, at, home):
        if not isinstance(value, dict):
            return
        self.name(at, schema["properties"])
        for key, part in schema["properties"].items():
            if key in value:
                self.visit(part, value[key], at + "/" + key, home)

    def w_required(self, schema, value, at, home):
        if isinstance(value, dict):
            for key in schema["required"]:
                if key not in value:
                    self.fault(at + "/" + key, "is missing")

    def w_propertyNames(self, schema, value, at, home):
        for key in value if isinstance(value, dict) else ():
            self.visit(schema["propertyNames"], key, at + "/" + key, home)

    def w_additionalProperties(self, schema, value, at, home):
        more = schema["additionalProperties"]
        if not isinstance(value, dict) or more is False:
            self.name(at, ())
            return
        self.name(at, None)
        if more is True:
            self.free.add(at)
        for key in value.keys() - schema.get("properties", {}).keys():
            self.visit(more, value[key], at + "/" + key, home)


def _unnamed(look, value, at):
    if isinstance(value, list):
        for i, item in enumerate(value):
            yield from _unnamed(look, item, "%s/%d" % (at, i))
    if not isinstance(value, dict) or at in look.free:
        return
    named = look.named.get(at, ())
    for key, item in value.items():
        here = at + "/" + key
        if named is not None and key not in named:
            yield "%s: no schema names this member" % here
        else:
            yield from _unnamed(look, item, here)


def faults(name, value, closed=True):
    """What in `value` the schema `name` does not say; empty: nothing."""
    look = _Look()
    look.visit(load(name + ".json"), value, "", name + ".json")
    return look.faults + (list(_unnamed(look, value, "")) if closed else [])


def check(name, value):
    found = faults(name, value)
    if found:
        raise Undocumented("%s: %s\n%s" % (
            name, "; ".join(found[:5]),
            json.dumps(value, ensure_ascii=False)[:1500]))


def event_body(event):
    """The schema of the body of events of that type."""
    for part in load("defs.json")["$defs"]["eventBody"]["allOf"]:
        if part["if"]["properties"]["type"]["const"] == event:
            return part["then"]["properties"]["body"]
    return None

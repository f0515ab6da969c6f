"""What schemathesis can't know by itself: how our scalars are written, what exists, how we answer.

Text drawn at random names no account and no key. Most names of that kind are replaced by few that exist or
will, so that payments are posted, replayed, refused and reversed, not only turned away.
"""

import json
import zlib
from datetime import date

import graphql
import schemathesis
from hypothesis import strategies as st
from schemathesis.graphql import nodes

ACCOUNTS = ["0000000001", "0000000002", "0000000003"] * 3 + ["9999999999"]
BILLS = ["B1", "B2", "B3"] * 3 + ["B9"]
# Every other one is of a few that come again and again.
KEYS = [f"K{number if number % 2 else number % 20}" for number in range(1_000)]
NOTES = ["", "窗口现金", "n" * 200, "n" * 201]
KNOWN = {
    "number": ACCOUNTS,
    "numbers": ACCOUNTS,
    "accountNumber": ACCOUNTS,
    "idempotencyKey": KEYS,
    "paymentIdempotencyKey": KEYS,
    "billNumbers": BILLS,
    "note": NOTES,
    "reason": NOTES,
    "first": ["1", "20", "100"],
}
CODES = {"BAD_USER_INPUT", "FORBIDDEN", "QUERY_TOO_LARGE"}

fen = st.one_of(st.integers(1, 50_000), st.sampled_from([0, 10**12, 10**12 + 1, 10**13 - 1]))
amounts = fen.map(lambda fen: f"{fen // 100}.{fen % 100:02}")
recent = st.dates(date(2026, 1, 1), date(2026, 12, 31))
days = st.one_of(st.dates(), recent, recent, recent).map(str)
times = st.integers(0, 86_399_999).map(
    lambda ms: f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1_000 % 60:02}.{ms % 1_000:03}"
)
instants = st.tuples(days, times, st.sampled_from(["Z", "+08:00", "-12:00"]))

schemathesis.graphql.scalar("Amount", amounts.map(nodes.String))
schemathesis.graphql.scalar("Date", days.map(nodes.String))
schemathesis.graphql.scalar("DateTime", instants.map("{0[0]}T{0[1]}{0[2]}".format).map(nodes.String))


class Namer(graphql.Visitor):
    """Puts known names in place of drawn ones, chosen by what was drawn: a seed repeats its choices."""

    def __init__(self, drawn):
        super().__init__()
        self.state = zlib.crc32(drawn.encode("utf-8", "surrogatepass"))

    def enter_argument(self, node, *_):
        return self.named(node)

    def enter_object_field(self, node, *_):
        return self.named(node)

    def named(self, node):
        known = KNOWN.get(node.name.value)
        if known is None:
            return None
        value = node.value
        if isinstance(value, graphql.ListValueNode):
            value = graphql.ListValueNode(values=tuple(self.one(item, known) for item in value.values))
        else:
            value = self.one(value, known)
        return type(node)(name=node.name, value=value)

    def one(self, value, known):
        self.state = (self.state * 1_103_515_245 + 12_345) % 2**31
        choice = self.state >> 8
        picked = known[choice // 10 % len(known)]
        if choice % 10 == 0:
            return value
        if isinstance(value, graphql.StringValueNode):
            return graphql.StringValueNode(value=picked)
        if isinstance(value, graphql.IntValueNode) and picked.isdigit():
            return graphql.IntValueNode(value=picked)
        return value


@schemathesis.hook
def map_body(context, body):
    return graphql.visit(body, Namer(graphql.print_ast(body)))


@schemathesis.check
def answered_as_promised(context, response, case):
    """A well-formed request by a caller with every right is answered 200, in JSON, in known words."""
    assert response.status_code == 200, f"status {response.status_code}"
    content_type = response.headers["content-type"]
    assert content_type == ["application/json; charset=utf-8"], f"content type {content_type}"
    answer = json.loads(response.content.decode("utf-8"))
    assert answer.keys() <= {"data", "errors", "extensions"}, f"members {list(answer)}"
    errors = answer.get("errors")
    assert errors is None or errors, "an empty list of errors"
    assert errors or answer["data"] is not None, "neither data nor errors"
    for error in errors or []:
        assert error["message"] and error["extensions"]["code"] in CODES, f"error {error}"
        assert error["extensions"]["retryable"] is False, f"error {error}"

"""What services say about their own interfaces, put to an interface: certain, or as it was."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from flowsentry.inventory.inventory import Interface
from flowsentry.inventory.owner_kinds import MAX_LETTERS, Owner
from flowsentry.inventory.reported_owners import MAX_NAMES, Candidate, Candidates, KnownOwners, in_words

ROW = Interface(
    interface_id="eni-1",
    vpc_id="vpc-1",
    subnet_id="subnet-1",
    availability_zone="euc1-az2",
    addresses=("10.1.0.9", "10.1.0.10"),
    public_addresses=(),
    owner_kind="rds database",
    owner_id="eni-1",
    owner_name="eni-1",
    security_groups=("sg-1", "sg-2"),
    account_id="123456789012",
)
ORDERS, CARTS = Owner("rds database", "db-1", "orders"), Owner("rds database", "db-2", "carts")


def candidate(owner: Owner = ORDERS) -> Candidate:
    groups, zones = frozenset({"sg-2", "sg-1"}), frozenset({"euc1-az2"})
    return Candidate(owner, "123456789012", frozenset({"subnet-1", "subnet-2"}), groups, zones)


def owner_among(*candidates: Candidate, row: Interface = ROW) -> str:
    return KnownOwners(candidates={row.owner_kind: Candidates.of(candidates)}).with_owner(row).owner_name


def test_what_nothing_is_known_of_stays_as_it_was() -> None:
    assert KnownOwners().with_owner(ROW) is ROW


def test_an_interface_of_which_a_service_tells_is_the_service_s_whatever_ec2_says() -> None:
    known = KnownOwners()
    known.add_interfaces(["eni-1"], Owner("ecs task", "task-1", "checkout"))
    named = known.with_owner(replace(ROW, owner_kind="instance"))
    assert (named.owner_kind, named.owner_id, named.owner_name) == ("ecs task", "task-1", "checkout")


def test_any_address_of_it_tells_in_its_vpc_and_in_its_subnet() -> None:
    for scope in ("vpc-1", "subnet-1"):
        known = KnownOwners()
        known.add_addresses(scope, ["10.1.0.10"], ORDERS)
        assert known.with_owner(ROW).owner_name == "orders"


def test_two_that_claim_the_same_have_neither_and_one_that_claims_twice_has_it() -> None:
    known = KnownOwners()
    for owner in (ORDERS, ORDERS):
        known.add_ids(["rds database"], ["eni-1"], owner)
    assert known.with_owner(ROW).owner_name == "orders"
    for owner in (CARTS, ORDERS):
        known.add_ids(["rds database"], ["eni-1"], owner)
    assert known.with_owner(ROW) is ROW


def test_the_only_one_that_fits_is_the_owner() -> None:
    assert owner_among(candidate()) == "orders"
    assert owner_among(candidate(), candidate()) == "orders"
    assert owner_among(candidate(), candidate(CARTS)) == "eni-1"


def test_one_that_differs_in_anything_does_not_fit() -> None:
    others = (
        replace(candidate(), account_id="210987654321"),
        replace(candidate(), subnet_ids=frozenset({"subnet-2"})),
        replace(candidate(), security_groups=frozenset({"sg-1"})),
        replace(candidate(), zones=frozenset({"euc1-az1"})),
    )
    assert owner_among(*others) == "eni-1"


def test_one_of_which_not_all_is_known_fits_wherever_it_may() -> None:
    for changing in (replace(candidate(CARTS), security_groups=None), replace(candidate(CARTS), zones=None)):
        assert owner_among(candidate(), changing) == "eni-1"


def test_candidates_of_another_kind_say_nothing() -> None:
    known = KnownOwners(candidates={"lambda function": Candidates.of([candidate()])})
    assert known.with_owner(ROW) is ROW


@given(names=st.lists(st.text(min_size=1, max_size=MAX_LETTERS), min_size=1, max_size=50))
def test_names_of_a_shared_interface_are_bounded_and_none_is_left_uncounted(names: list[str]) -> None:
    told = in_words(names)
    assert len(told) <= MAX_LETTERS
    assert told.endswith(f" and {len(names) - MAX_NAMES} more") == (len(names) > MAX_NAMES)


@given(order=st.permutations([candidate(Owner("rds database", f"db-{n}", f"name-{n % 3}")) for n in range(5)]))
def test_the_order_of_candidates_says_nothing(order: list[Candidate]) -> None:
    assert Candidates.of(order).fitting(ROW) == Candidates.of(order[::-1]).fitting(ROW)

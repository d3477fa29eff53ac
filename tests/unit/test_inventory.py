"""Inventories: what is wrong with one, where and how to mend it; never anything but InventoryError."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import BaseModel
from ruamel.yaml import YAML

from mailproof.inventory.errors import InventoryError
from mailproof.inventory.load import LoadedInventory, _models_in, load_inventory
from mailproof.inventory.model import Inventory
from mailproof.inventory.schema import schema, text
from mailproof.inventory.values import domain_name
from mailproof.net.dns.names import normalise
from mailproof.net.services import IMAP, MX

from .strategies import text as any_text

INVENTORIES = Path(__file__).parents[2] / "inventories"


def load(directory: Path, content: str | bytes, **environment: str) -> LoadedInventory:
    file = directory / "lab.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return load_inventory(file, environment)


def faults(directory: Path, content: str | bytes, **environment: str) -> str:
    """The problems without the directory: ``lab.yaml:2: key: message``, a line each."""
    with pytest.raises(InventoryError) as raised:
        load(directory, content, **environment)
    return str(raised.value).replace(f"{directory}/", "")


GOOD = "domains: [example.org]\n"


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        ("", "lab.yaml: the file is empty"),
        ("# nothing\n", "lab.yaml: the file is empty"),
        ("null", "lab.yaml:1: a mapping is expected"),
        ("- a", "lab.yaml:1: a mapping is expected"),
        ("{}", "lab.yaml:1: nothing to check"),
        ("domains: []", "lab.yaml:1: nothing to check"),
        (GOOD + "domain: [a.example]", "lab.yaml:2: domain: unknown key; did you mean domains?"),
        (GOOD + "limits:\n  conect: 1", "lab.yaml:3: limits.conect: unknown key; did you mean connect?"),
        (
            "domains:\n  - name: a.example\n    selector: [x]",
            "lab.yaml:3: domains[0].selector: unknown key; did you mean selectors?",
        ),
        (GOOD + "trust_anchors: x", "lab.yaml:2: trust_anchors: unknown key; did you mean trust.trust_anchors?"),
        (GOOD + "incluse: x", "lab.yaml:2: incluse: unknown key; did you mean include?"),
        (GOOD + "qqq: 1", "lab.yaml:2: qqq: unknown key; known keys are active, allow_private"),
        (GOOD + "hosts:\n  - roles: [mx]", "lab.yaml:3: hosts[0]: the key name is missing"),
        (GOOD + "active: no", "lab.yaml:2: active: input should be a valid boolean, but it is 'no'"),
        (GOOD + "active: 1", "lab.yaml:2: active: input should be a valid boolean, but it is 1"),
        (
            GOOD + "limits: {dns: '4'}",
            "lab.yaml:2: limits.dns: input should be a valid number, but it is '4'",
        ),
        (GOOD + "limits: {dns: 0}", "limits.dns: input should be greater than 0, but it is 0"),
        (GOOD + "limits: {dns: .nan}", "limits.dns"),
        (GOOD + "limits: {dns: 1e999}", "limits.dns"),
        (GOOD + "active: 2026-11-22", "active: input should be a valid boolean, but it is '2026-11-22'"),
        (
            "domains: [example]\nzones: ['a b']",
            "lab.yaml:2: zones[0]: 'a b' is not a domain name, like example.org",
        ),
        ("domains: [192.0.2.1]", "'192.0.2.1' is an address; a domain name is expected"),
        ("domains: ['.']", "not a domain name"),
        ("domains: [a..b]", "not a domain name"),
        (f"domains: [{'a' * 64}.example]", "not a domain name"),
        ("domains:\n- a.example\n- A.example", "lab.yaml:1: domains: a.example is listed twice"),
        (
            "domains: [b\u00fccher.example, xn--bcher-kva.example]",
            "domains: xn--bcher-kva.example is listed twice",
        ),
        (GOOD + "sending: [fe80::1%eth0]", "not an IPv4 or IPv6 address"),
        (
            GOOD + "sending: [192.0.2.256]",
            "lab.yaml:2: sending[0].address: '192.0.2.256' is not an IPv4 or IPv6 address",
        ),
        (GOOD + "resolvers: [25:25]", "resolvers[0]: '25:25' is not an address"),
        (GOOD + "resolvers: ['127.0.0.1:65536']", "resolvers[0]"),
        (GOOD + f"resolvers: ['127.0.0.1:{'9' * 5000}']", "resolvers[0]"),
        (GOOD + "connect: {mx.example.org: 127.0.0.1:25}", "is not ADDRESS:PORT or HOST:PORT"),
        (GOOD + "connect: {'mx.example.org:\u00b2': 127.0.0.1:25}", "is not ADDRESS:PORT or HOST:PORT"),
        (GOOD + "connect: {mx.example.org:25: 127.0.0.1}", "with a port"),
        (
            GOOD + "connect: {a.example:25: '127.0.0.1:1', A.example:25: '127.0.0.1:2'}",
            "a.example:25 and A.example:25 are the same",
        ),
        (GOOD + "contact: nobody", "contact: 'nobody' is not a mailbox"),
        (GOOD + "documentation: http://docs.example", "documentation: 'http://docs.example' is no https URL of a site"),
        (GOOD + "documentation: https://a@b.example/", "documentation: 'https://a@b.example/' is no https URL of a"),
        (
            GOOD + "hosts: [{name: a.example, roles: [smtp]}]",
            "hosts[0].roles[0]: 'smtp' is not a role of a host, which are mx, submission, imap, pop3",
        ),
        (
            GOOD + "hosts: [{name: a.example, ports: {imap: [993]}}]",
            "the role imap, which is not among the roles",
        ),
        (GOOD + "hosts: [{name: a.example, ports: {mx: [0]}}]", "hosts[0].ports.mx[0]"),
        ("domains: [{name: a.example, parked: true, sends: true}]", "parked: true contradicts"),
        ("domains: [{name: a.example, unknown: ['a b']}]", "the part of a mailbox before the @"),
        (GOOD + "blocklists: [{name: 'a b'}]", "blocklists[0].name"),
        (GOOD + "domains: [a.example]", "lab.yaml:2: domains: given twice; the first one is in line 1"),
        (
            GOOD + "probe: {ehlo: a.example,\n  ehlo: b.example}",
            "lab.yaml:3: probe.ehlo: given twice; the first one is in line 2",
        ),
        (GOOD + "? [a]\n: b", "a key must be plain text"),
        (GOOD + "active: !x true", "lab.yaml:2: active: the tag !x is not known here"),
        (GOOD + "active: !!python/name:os.system x", "lab.yaml:2: active: 'x' cannot be read"),
        (GOOD + "active: !!bool maybe", "lab.yaml:2: active: 'maybe' does not fit its tag"),
        (GOOD + "active: !!int ''", "does not fit its tag"),
        (
            GOOD + "trust: {ca_file: gone.pem}",
            "lab.yaml:2: trust.ca_file: there is no file gone.pem beside this one",
        ),
        (
            GOOD + "trust: {ca_file: lab.yaml}",
            "lab.yaml:2: trust.ca_file: lab.yaml: these are no certificates in PEM",
        ),
        (
            GOOD + "trust: {mark_authorities: lab.yaml}",
            "lab.yaml:2: trust.mark_authorities: lab.yaml: these are no certificates in PEM",
        ),
        (
            GOOD + "trust: {trust_anchors: lab.yaml}",
            "lab.yaml:2: trust.trust_anchors: lab.yaml: these are no trust anchors",
        ),
        (GOOD + 'trust: {ca_file: "\\0"}', "there is no file \\x00 beside this one"),
        (GOOD + "trust: {ca_file: ~nobody-here/x}", "there is no file ~nobody-here/x beside this one"),
        (GOOD + f"trust: {{ca_file: {'a' * 5000}}}", "there is no file aaa"),
        (
            GOOD + "zone_files:\n  a.example: gone.zone",
            "lab.yaml:3: zone_files.a.example: there is no file gone.zone",
        ),
        (
            GOOD + "zone_files: {A.example: lab.yaml, a.example: lab.yaml}",
            "A.example and a.example are the same",
        ),
        (GOOD + "rules: [lab.yaml, gone.py]", "lab.yaml:2: rules[1]: there is no file gone.py"),
        (GOOD + "include: gone.yaml", "lab.yaml:2: include: there is no file gone.yaml beside this one"),
        (GOOD + "include: lab.yaml", "lab.yaml:2: include: lab.yaml includes itself"),
        (GOOD + "include: .", "lab.yaml:2: include: there is no file . beside this one"),
        (GOOD + "include: 5", "a file name or a list of file names is expected"),
        (GOOD + "include:", "a file name or a list of file names is expected"),
        (GOOD + 'include: "\\ud800"', "there is no file \\ud800 beside this one"),
        (
            "domains: ['${DOMAIN}']",
            "domains[0]: the environment variable DOMAIN is not set; set it, or write ${DOMAIN:-default}",
        ),
        ("domains:\n\t- a", "lab.yaml:2: not valid YAML"),
        ("domains: [a", "not valid YAML"),
        (
            "w.infers:\n%YAML 1.19\n999 - ${A}er---trues:A}ers:\n  - ${A}rs:\n  - ${A}ers:\n  -",
            "not valid YAML: unknown version",
        ),
        ("domains: [*a]", "not valid YAML: found undefined alias"),
        (GOOD + "---\n" + GOOD, "lab.yaml:2: not valid YAML"),
        ("domains: [a\0]", "not valid YAML"),
        (GOOD.encode("utf-16"), "lab.yaml: not UTF-8 text (octet 0)"),
        ("domains: &a [*a]", "lab.yaml:1: this value contains an alias of itself"),
        ("domains: &a {b: [1, *a, *a]}", "this value contains an alias of itself"),
        ("domains: " + "[" * 60 + "]" * 60, "lab.yaml:1: domains: nested deeper than 50 levels"),
        ("domains: " + "{a: " * 1500, "lab.yaml: nested deeper than 50 levels"),
        (
            "a0: &a0 [" + "x," * 9 + "]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1},' * 9}]\n" for n in range(1, 12)),
            "more than 1000000 values once aliases are expanded",
        ),
    ],
)
def test_faults_name_place_key_and_remedy(tmp_path: Path, content: str | bytes, fault: str) -> None:
    assert fault in faults(tmp_path, content)


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    found = faults(tmp_path, "domains: [a..b]\nfoo: 1\nlimits: {tls: -1, foo: 2}\n").splitlines()
    assert [line.split(": ")[0] for line in found] == ["lab.yaml:1", "lab.yaml:2", "lab.yaml:3", "lab.yaml:3"]


def test_a_missing_file_says_what_is_near(tmp_path: Path) -> None:
    (tmp_path / "production.yaml").write_text(GOOD)
    with pytest.raises(InventoryError, match=r"did you mean production\.yaml\?"):
        load_inventory(tmp_path / "prodction.yaml", {})
    with pytest.raises(InventoryError, match="mailproof init"):
        load_inventory(tmp_path / "elsewhere" / "x.yaml", {})
    with pytest.raises(InventoryError, match="cannot be read"):
        load_inventory(tmp_path, {})


def test_names_are_written_as_a_labels_in_lower_case(tmp_path: Path) -> None:
    model = load(tmp_path, "domains: [B\u00fccher.Example.]\nsending: ['2001:DB8:0::1']").model
    assert model.domains[0].name == "xn--bcher-kva.example"
    assert model.sending[0].address == "2001:db8::1"


@given(st.from_regex(r"[a-z0-9_xn.-]{1,12}(\.[a-z0-9-]{1,64}){0,5}", fullmatch=True))
@example("xn--zzzzzz99999.example")
@example(f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}")
@example(f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 62}")
@example("192.0.2.25")
@example("example.org\n")
def test_a_name_that_stays_as_it_is_written_is_one_that_normalising_leaves(name: str) -> None:
    try:
        taken = domain_name(name)
    except ValueError:
        return
    assert taken == normalise(name)
    assert domain_name(taken) == taken


def test_what_looks_sexagesimal_is_text(tmp_path: Path) -> None:
    """YAML 1.1 would take 192.0.2.1:25 for text, but 25:25 for a number, and no for false."""
    model = load(tmp_path, "domains: [example.org, no.example]\nconnect: {192.0.2.1:025: 127.0.0.1:2525}\n").model
    assert model.connect == {"192.0.2.1:25": "127.0.0.1:2525"}
    assert [domain.name for domain in model.domains] == ["example.org", "no.example"]


def test_roles_and_ports_are_words_and_numbers(tmp_path: Path) -> None:
    model = load(tmp_path, "hosts: [{name: a.example, roles: [mx, imap], ports: {imap: [143, 993]}}]").model
    assert list(model.hosts[0].services()) == [(MX, 25), (IMAP, 143), (IMAP, 993)]


def test_aliases_are_fine(tmp_path: Path) -> None:
    model = load(
        tmp_path, "domains:\n- {name: a.example, selectors: &s [x, y]}\n- {name: b.example, selectors: *s}\n"
    ).model
    assert model.domains[1].selectors == ["x", "y"]


def test_includes_are_merged_and_this_file_has_the_last_word(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.yaml").write_text(
        "include: ../b.yaml\ndomains: [a.example]\nlimits: {tls: 1, dns: 1}\ncontact: a@a.example\n"
    )
    (tmp_path / "b.yaml").write_text("domains: [b.example]\nlimits: {reply: 3}\n")
    model = load(tmp_path, "include: [sub/a.yaml]\ndomains: [c.example]\nlimits: {tls: 2}\ncontact: c@c.example").model
    assert [domain.name for domain in model.domains] == ["b.example", "a.example", "c.example"]
    assert (model.limits.tls, model.limits.dns, model.limits.reply) == (2, 1, 3)
    assert model.contact == "c@c.example"


def test_faults_of_an_included_file_are_told_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("domains:\n  - b.example\n  - name: a.example\n    foo: 1\n")
    found = faults(tmp_path, "include: a.yaml\ndomains: [c..d]\n")
    assert "a.yaml:4: domains[1].foo: unknown key" in found
    assert "lab.yaml:2: domains[2].name" in found


def test_includes_in_a_circle(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("include: b.yaml\n" + GOOD)
    (tmp_path / "b.yaml").write_text("include: a.yaml\n")
    assert "b.yaml:1: include: a.yaml includes itself" in faults(tmp_path, "include: a.yaml\n")


def test_the_same_file_may_be_included_twice_but_not_without_end(tmp_path: Path) -> None:
    for number in range(8):
        (tmp_path / f"i{number}.yaml").write_text(f"include: [i{number + 1}.yaml, i{number + 1}.yaml]\n")
    (tmp_path / "i8.yaml").write_text("active: true\n")
    assert "more than 100 files are included" in faults(tmp_path, "include: i0.yaml\n" + GOOD)


def test_files_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a.zone").touch()
    (tmp_path / "sub" / "a.yaml").write_text("zone_files: {A.example: a.zone}\n")
    model = load(tmp_path, "include: sub/a.yaml\n" + GOOD).model
    assert model.zone_files == {"a.example": (tmp_path / "sub" / "a.zone").resolve()}


def test_variables(tmp_path: Path) -> None:
    content = "domains: ['${A}', '${B:-b.example}', '${C:-}c.example']\nworld: $${A}"
    loaded = load(tmp_path, content, A="a.example", C="x.")
    assert [domain.name for domain in loaded.model.domains] == ["a.example", "b.example", "x.c.example"]
    assert loaded.model.world == "${A}"
    assert loaded.redact("a.example") == "a.example"


def test_secrets_are_redacted_in_any_case(tmp_path: Path) -> None:
    content = (
        GOOD + "blocklists:\n- {name: paid, zone: '${secret:KEY}.bl.example'}\n"
        "- {name: free, zone: '${secret:X:-none}.example'}\n"
    )
    loaded = load(tmp_path, content, KEY="K_e-y_1")
    assert loaded.model.blocklists[0].zone == "k_e-y_1.bl.example"
    assert loaded.redact("asked k_e-y_1.bl.example, K_E-Y_1") == "asked ${secret:KEY}.bl.example, ${secret:KEY}"
    assert loaded.redact("none of them") == "none of them"


_words = st.sampled_from(["a.example", "192.0.2.1", "${X}", "~x", "127.0.0.1:25"])
_keys = st.sampled_from(["name", "address", "roles", "ports", "zone", "ehlo", "a.example:25", "mx"])
_yaml = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), any_text, _words),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.one_of(_keys, any_text), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from([*Inventory.model_fields, "include", "incude"]), _yaml, max_size=5))
def test_any_content_loads_or_is_an_inventory_error(
    tmp_path_factory: pytest.TempPathFactory, content: dict[str, Any]
) -> None:
    _loads_or_complains(tmp_path_factory.getbasetemp(), json.dumps(content).encode())


@given(st.one_of(st.binary(max_size=60), st.text("[]{}:,&*!|>-?#%@ \n\t'\"ab01", max_size=60).map(str.encode)))
def test_any_octets_load_or_are_an_inventory_error(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    _loads_or_complains(tmp_path_factory.getbasetemp(), content)


def _loads_or_complains(directory: Path, content: bytes) -> None:
    try:
        load(directory, content)
    except InventoryError as error:
        text = str(error).encode()
    else:
        text = b"fine"
    assert text


SHIPPED = sorted(INVENTORIES.glob("*.yaml"))


def test_the_schema_is_current() -> None:
    assert (INVENTORIES / "inventory.schema.json").read_text() == text(), "run: make docs"


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.name)
def test_shipped_inventories_load_and_keep_to_the_schema(file: Path) -> None:
    load_inventory(file, {})
    jsonschema.Draft202012Validator(schema()).validate(YAML(typ="safe", pure=True).load(file.read_text()))


@pytest.mark.parametrize(
    "content",
    [
        {},
        {"domains": ["a.example"], "domain": []},
        {"domains": [{"nam": "a.example"}]},
        {"domains": ["a.example"], "active": "no"},
        {"domains": ["a.example"], "limits": {"dns": 0}},
        {"domains": ["a.example"], "include": 5},
        {"hosts": [{"name": "a.example", "roles": ["smtp"]}]},
        {"hosts": [{"name": "a.example", "ports": {"smtp": [25]}}]},
    ],
)
def test_the_schema_is_strict(content: dict[str, Any]) -> None:
    assert not jsonschema.Draft202012Validator(schema()).is_valid(content)


@pytest.mark.parametrize(
    "content",
    [
        {"domains": ["a.example", {"name": "b.example"}]},
        {"include": "a.yaml"},
        {"sending": ["192.0.2.1"], "trust": {"dnssec": "none"}},
    ],
)
def test_the_schema_takes_shorthands(content: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(schema()).validate(content)


def test_every_key_has_a_description_in_the_schema() -> None:
    parts = [schema(), *schema()["$defs"].values()]
    bare = [
        key
        for part in parts
        for key, value in part.get("properties", {}).items()
        if "description" not in value and "$ref" not in value
    ]
    assert bare == []


def test_the_annotated_inventory_uses_every_key() -> None:
    content = YAML(typ="safe", pure=True).load((INVENTORIES / "annotated.yaml").read_text())
    assert "include" in content
    assert not list(_unused(Inventory, [content], ""))


def _unused(model: type[BaseModel], values: list[Any], path: str) -> Iterator[str]:
    """Keys of ``model`` that none of ``values`` has."""
    for name, entry in model.model_fields.items():
        used = [value[name] for value in values if isinstance(value, dict) and name in value]
        if not used:
            yield f"{path}{name}"
        for part in _models_in(entry.annotation):
            inner = [item for value in used for item in (value if isinstance(value, list) else [value])]
            yield from _unused(part, inner, f"{path}{name}.")

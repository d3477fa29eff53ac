"""What an import of aggregate reports costs, beside parsedmarc's parser on the same files.

python -m benchmarks.report_import [ROWS]

parsedmarc writes into no database by itself: it is asked to parse alone, offline (no DNS, no GeoIP), and prints the
number of rows. It is taken from a virtual environment as `python -m benchmarks.peers` makes them.
"""

from __future__ import annotations

import gzip
import json
import sys
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import measure, peers

ROWS_OF_REPORT = 2_000
"""As a large receiver writes on a large sender."""
HANGS = 3_600.0

HEAD = """<?xml version="1.0"?><feedback><version>1.0</version><report_metadata><org_name>reporter{number}.example
</org_name><email>a@reporter.example</email><report_id>{number}</report_id><date_range><begin>{begin}</begin><end>{end}
</end></date_range></report_metadata><policy_published><domain>example.org</domain><adkim>r</adkim><aspf>r</aspf>
<p>none</p><sp>none</sp><pct>100</pct></policy_published>"""
ROW = """<record><row><source_ip>{address}</source_ip><count>{count}</count><policy_evaluated>
<disposition>none</disposition><dkim>pass</dkim><spf>fail</spf></policy_evaluated></row><identifiers>
<envelope_from>bounce.example</envelope_from><header_from>example.org</header_from></identifiers><auth_results><dkim>
<domain>example.org</domain><selector>s1</selector><result>pass</result></dkim><spf><domain>bounce.example</domain>
<scope>mfrom</scope><result>pass</result></spf></auth_results></record>"""

PEER = """
import sys, pathlib, parsedmarc
print(sum(
    len(parsedmarc.parse_report_file(str(path), offline=True)["report"]["records"])
    for path in sorted(pathlib.Path(sys.argv[1]).iterdir())
))
"""


def write(directory: Path, rows: int) -> int:
    """Reports with so many rows together, one a file; how many."""
    files = rows // ROWS_OF_REPORT
    for number in range(files):
        begin = 1_760_000_000 + number // 10 * 86_400
        parts = [HEAD.format(number=number, begin=begin, end=begin + 86_399)]
        for place in range(ROWS_OF_REPORT):
            address = ip_address(0x0B000000 + (number * 7 + place * 13) % 50_000)
            parts.append(ROW.format(address=address, count=1 + place % 9))
        parts.append("</feedback>")
        with gzip.GzipFile(directory / f"reporter{number}.xml.gz", "wb", compresslevel=1) as out:
            out.write("".join(parts).encode())
    return files


def main() -> int:
    """Measure and print, a line each."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with TemporaryDirectory() as made:
        directory = Path(made)
        (directory / "in").mkdir()
        files = write(directory / "in", rows)
        command = [sys.executable, "-m", "mailproof.cli", "reports"]
        tools = {
            "mailproof import": [*command, "import", "in", "--db", "reports.sqlite"],
            "mailproof import again": [*command, "import", "in", "--db", "reports.sqlite"],
            "mailproof show": [*command, "show", "--db", "reports.sqlite", "--format", "csv"],
        }
        peer = peers.find("parsedmarc")
        if peer.missing:
            print(f"parsedmarc: {peer.missing}", file=sys.stderr)
        else:
            tools[f"parsedmarc {peer.version}, parsing alone"] = [
                str(Path(peer.program).with_name("python")),
                *("-c", PEER, "in"),
            ]
        for name, arguments in tools.items():
            cost = measure.run(arguments, directory, timeout=HANGS)
            seconds = {"wall": round(cost.wall, 1), "cpu": round(cost.cpu, 1), "MiB": round(cost.memory)}
            print(
                json.dumps({"what": name, "files": files, "rows": rows, "exit": cost.exit_code, **seconds}), flush=True
            )
            if cost.exit_code:
                print(cost.output[-2000:], file=sys.stderr)
        print(json.dumps({"database, MiB": round((directory / "reports.sqlite").stat().st_size / 2**20)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())

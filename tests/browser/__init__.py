"""The HTML report in a real browser. Needs the Debian packages in ``tests/browser-packages.txt``."""

"""Intermediates of public CAs that issue from several of them in turn, and replace them without telling anybody.

Source: Let's Encrypt, "Chains of Trust" (https://letsencrypt.org/certificates/): it keeps several intermediates in
rotation, and any of them may issue the next certificate. Their names by generation: R3, R4, E1 and E2; R10 to R14 and
E5 to E9; YR1 to YR9 and YE1 to YE9. An issuer that is not here is not judged.
"""

from __future__ import annotations

import re
from datetime import date

AS_OF = date(2026, 1, 8)
"""The table is as the CA had it on this day."""

ROTATING = re.compile(r"CN=(?:R[34]|E[12]|R1[0-4]|E[5-9]|Y[RE][1-9]),O=Let's Encrypt,C=US")
"""Subjects of the intermediates, in the form of RFC 4514."""

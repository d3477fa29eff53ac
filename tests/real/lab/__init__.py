"""A laboratory of real mail and name servers in network namespaces; see README.md one directory up."""

from tests.real.lab.lab import Lab, LabDomain
from tests.real.lab.namespaces import LabError

__all__ = ["Lab", "LabDomain", "LabError"]

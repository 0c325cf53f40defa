"""The catalogue of risks: the escalation primitives, and what each of them makes possible.

The primitives are those of https://kubernetes.io/docs/concepts/security/rbac-good-practices/ and
some that matter with GitOps; docs/rbac.md lists them.
"""

from __future__ import annotations

from typing import Final

from bot.kubernetes.rbac.catalogue.disruptions import DISRUPTIONS
from bot.kubernetes.rbac.catalogue.escalations import ESCALATIONS
from bot.kubernetes.rbac.catalogue.footholds import FOOTHOLDS
from bot.kubernetes.rbac.risks import WRITE, Risk, RiskLevel, on

RISKS: Final[tuple[Risk, ...]] = (*ESCALATIONS, *FOOTHOLDS, *DISRUPTIONS)
"""Worst first; of several that a grant carries, the message names the first ones."""

CLOUD_IDENTITY: Final = Risk(
    "cloud-auth-map",
    RiskLevel.CRITICAL,
    RiskLevel.HIGH,
    (on(WRITE, "", "serviceaccounts"),),
    "give ServiceAccounts other cloud identities",
    "as far as the cloud trusts this cluster",
)
"""Only where accounts have cloud identities at all."""

CLUSTER_ADMIN: Final = Risk(
    "cluster-admin",
    RiskLevel.CRITICAL,
    RiskLevel.CRITICAL,
    (),
    "do everything",
    "",
    ("Nothing more is needed.",),
)

"""Who decides what is applied? Argo CD projects and RBAC, Flux accounts, admission guardrails."""

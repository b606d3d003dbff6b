"""How are very many documents taken in? Read, split and embedded by the workers of a Ray cluster; written here."""

from citewell.bulk.spread import RayData

__all__ = ["RayData"]

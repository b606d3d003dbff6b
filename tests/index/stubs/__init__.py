"""Stubs of services that cannot be had here: made from their published schemas, never from the service itself."""

"""The HTTP server: REST, server-sent events and one page. `app.make_app` builds it, `run.serve` runs it."""

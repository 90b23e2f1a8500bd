"""The JSON of each page: one module a page, with its routes under /api/<page>."""

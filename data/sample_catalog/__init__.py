"""The sources of the sample enterprise catalog, one YAML file a domain, and what builds documents of them."""

"""What pages compute from enriched records: whom owners talk to, and what a source tried."""

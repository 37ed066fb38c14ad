"""The corpus that questions are asked of: columns, filters, name variants, snapshots."""

"""Fleets: an inventory of very many domains, judged shard by shard in processes of their own."""

"""The exercises of lesson 08: streams, truncation with the state carried, Adam, perplexity, dropout."""

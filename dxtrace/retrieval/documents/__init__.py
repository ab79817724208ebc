"""Files of guidelines read to headings, paragraphs and tables, and cut into passages."""

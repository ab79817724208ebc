"""Files of others (PDF, DOCX, HTML, Markdown, text) read to headings, paragraphs and tables."""

"""All that a submitter sees: pages, their texts in every language, and the script that seals."""

"""What is kept of the past in SQL, fed from the journal, and the accounts of the people inside."""

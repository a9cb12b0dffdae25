"""Full PCBA from the user's own download of ogbg-molpcba, with OGB's split and evaluator."""

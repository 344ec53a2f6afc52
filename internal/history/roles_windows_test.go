package history

func playOnThisSystem(string, []string) {}

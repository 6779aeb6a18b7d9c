import CLI

await Ctl.runAndExit()

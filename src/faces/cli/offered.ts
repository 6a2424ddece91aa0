// Which operations no command asks for, and why. None now: whoever adds one says here what its reason is.

export const NOT_COMMANDED: Readonly<Record<string, string>> = {};

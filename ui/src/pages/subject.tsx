export function Subject(_: object): null { return null; }

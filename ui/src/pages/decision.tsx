export function Decision(_: object): null { return null; }

export function Service(_: object): null { return null; }
export function Environment(_: object): null { return null; }

export function Decisions(_: object): null { return null; }

export function Approvals(_: object): null { return null; }

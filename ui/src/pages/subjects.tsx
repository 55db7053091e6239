export function Subjects(_: object): null { return null; }

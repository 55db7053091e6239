export function Vulnerabilities(_: object): null { return null; }
export function Vulnerability(_: object): null { return null; }

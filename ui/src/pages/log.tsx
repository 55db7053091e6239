export function Log(_: object): null { return null; }
export function LogEntry(_: object): null { return null; }

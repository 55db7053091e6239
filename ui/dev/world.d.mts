export function make_world(kind?: string, now?: number): any;

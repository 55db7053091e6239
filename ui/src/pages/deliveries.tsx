export function Deliveries(_: object): null { return null; }
export function Delivery(_: object): null { return null; }

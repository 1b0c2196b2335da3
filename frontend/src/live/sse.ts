/** Server-sent events out of the pieces of text that a stream comes in. */

export interface ServerEvent {
  name: string;
  data: string;
}

export class EventParser {
  private rest = "";

  /** The events that are whole with this piece; comments are left out. */
  feed(piece: string): ServerEvent[] {
    const blocks = (this.rest + piece.replaceAll("\r\n", "\n")).split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.map(eventOf).filter((event) => event !== null);
  }
}

function eventOf(block: string): ServerEvent | null {
  let name = "message";
  const data: string[] = [];
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (line.startsWith("event:")) name = value;
    if (line.startsWith("data:")) data.push(value);
  }
  return data.length === 0 ? null : { name, data: data.join("\n") };
}

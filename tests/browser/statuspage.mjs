// What the npm client of Statuspage's public API reads from pages. Reads {"name": "url"} from stdin and prints
//   {"name": {"summary": {…}, "status": {…}, "components": {…}, "incidents": {…}, "unresolved": {…}, "upcoming": {…}}}.
// Its getActive() and getAll() of maintenances ask for upcoming.json, so those two documents are not read here.
import { readFileSync } from "node:fs";
import client from "statuspage.io";

async function read(url) {
  const page = new client.Statuspage("any");
  page.setApiUrl(url);
  const { api } = page;
  return {
    summary: await api.getSummary(),
    status: await api.getStatus(),
    components: await api.getComponents(),
    incidents: await api.incidents.getAll(),
    unresolved: await api.incidents.getUnresolved(),
    upcoming: await api.scheduledMaintenances.getUpcoming(),
  };
}

const found = {};
for (const [name, url] of Object.entries(JSON.parse(readFileSync(0, "utf8")))) found[name] = await read(url);
console.log(JSON.stringify(found));

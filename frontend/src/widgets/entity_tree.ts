import { widget } from "../anywidget";
import { EntityTree } from "../components/EntityTree";

export default widget(EntityTree);

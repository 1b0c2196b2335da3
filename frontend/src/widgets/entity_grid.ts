import { widget } from "../anywidget";
import { EntityGrid } from "../components/EntityGrid";

export default widget(EntityGrid);

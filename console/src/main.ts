import { mount } from "svelte";

import App from "./App.svelte";
import "./looks/base.css";

mount(App, { target: document.body });
